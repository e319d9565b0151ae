"""One function a verb; the command line and the studio call nothing else."""
