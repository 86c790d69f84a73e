"""Named errors of the shared quote table.

L2Error
├── L2MissingError        no table at the path: no daemon has created one, or it stopped cleanly
├── L2FormatError         the file is not a table, is of another layout version, or is damaged
├── L2AccessError         the file cannot be opened, mapped or put there, or not read safely
├── L2SpaceError          there is no room for the table where it was asked for
├── L2WriterExistsError   another writer owns the table
├── L2FullError           every slot of the table is taken
└── L2ClosedError         the writer or reader was used after close()
"""


class L2Error(Exception):
    """Base of every error that the shared quote table raises."""


class L2MissingError(L2Error):
    """There is no table at the path."""


class L2FormatError(L2Error):
    """The file is not a table this build can read."""


class L2AccessError(L2Error):
    """The operating system refused the file."""


class L2SpaceError(L2Error):
    """There is no room for the table."""


class L2WriterExistsError(L2Error):
    """Another writer owns the table."""


class L2FullError(L2Error):
    """Every slot of the table is taken."""


class L2ClosedError(L2Error):
    """The writer or reader was used after it was closed."""
