"""`python -m rivalry` is `rivalry`; torchrun starts it so."""

from rivalry.cli import main

if __name__ == "__main__":
    main()
