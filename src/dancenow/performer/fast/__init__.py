"""The fast method: a person painted over a background plate, learned in minutes on a CPU."""
