"""How good the answers are: questions -> runs -> reports; see evals/questions/README.md."""
