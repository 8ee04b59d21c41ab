"""The engine that runs a Hugging Face decoder with OpenVINO on a CPU: see docs/design/007."""
