"""What an operator can say, one command per file: `HELP`, `add_arguments(parser)` and `run(arguments) -> exit code`.

Rule: a command reads its arguments, asks `assembly` for what it needs, and prints. It decides nothing.
"""
