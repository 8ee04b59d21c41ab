"""The engine behind an OpenAI-compatible server: ``vllm serve`` first of all."""
