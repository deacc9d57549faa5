"""`python -m campaigns …` is `campaigns …`."""

from campaigns.cli.main import main

if __name__ == "__main__":
    main()
