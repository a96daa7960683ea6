"""Opening an object store (S3, Google, Azure) or a folder by its address."""

from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

TROUBLE = (BaseError, OSError, ValueError)  # whatever a store may raise; FileNotFoundError for what is not there


def open_store(url: str, setting: str = "SHOPDESK_KNOWLEDGE_URL") -> ObjectStore:
    """Who we are there, the library reads from the environment (AWS_ACCESS_KEY_ID and so on). Raises ValueError that
    names the setting."""
    try:
        if url.startswith("file://"):
            return LocalStore(url.removeprefix("file://"), mkdir=True, automatic_cleanup=True)
        return from_url(url)
    except TROUBLE as error:
        raise ValueError(f"{setting} {url} cannot be opened: {error}") from error
