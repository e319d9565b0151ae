"""Reading motions and people: clips, tracks, motion captures, pose folders."""
