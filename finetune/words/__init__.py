"""Training the adapter that writes: sentences from a catalogue's own fields, checked like all."""
