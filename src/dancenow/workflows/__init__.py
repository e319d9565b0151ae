"""One function per verb; the command line and the studio call nothing else."""
