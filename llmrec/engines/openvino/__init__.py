"""The engine for CPUs: OpenVINO in this process."""
