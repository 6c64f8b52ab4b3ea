"""``python -m maspo``."""

from maspo.cli import main

if __name__ == "__main__":
    main()
