"""`python -m chekpoint` is the `chekpoint` command."""

from chekpoint.cli import main

if __name__ == "__main__":
    main()
