"""Which sentences of the hits answer, and how likely they do: hits -> units -> probabilities."""
