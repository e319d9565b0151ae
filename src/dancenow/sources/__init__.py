"""What a motion or a person is read from: clips, tracks, motion captures, pose folders."""
