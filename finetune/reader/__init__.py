"""Teaching a model to read shoppers' messages: written messages in, an adapter out."""
