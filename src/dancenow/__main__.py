"""`python -m dancenow`."""

from dancenow.cli import main

main()
