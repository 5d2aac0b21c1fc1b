"""`python -m respan_langchain` is the command `respan-langchain`."""

from respan_langchain.cli.main import main

if __name__ == "__main__":
    main()
