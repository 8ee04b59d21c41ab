"""The engine that runs vLLM in this machine."""
