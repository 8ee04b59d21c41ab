"""The engine that runs a Hugging Face decoder with transformers, in this process."""
