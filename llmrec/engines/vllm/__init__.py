"""The engine that runs vLLM beside this process: continuous batching, on GPUs first of all."""
