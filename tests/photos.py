"""Pictures for tests, drawn on the spot."""

from io import BytesIO

from PIL import Image

WHERE_IT_WAS_TAKEN = 0x8825  # the tag of a photo that leads to its place
UPRIGHT_IS_LEFT = 6  # of the tag for its orientation


def photo(width: int = 64, height: int = 48, colour: str = "green", kind: str = "JPEG", turned: bool = False) -> bytes:
    drawn, exif = BytesIO(), Image.Exif()
    if kind == "JPEG":
        exif[0x010F] = "Otterphone"
        exif.get_ifd(WHERE_IT_WAS_TAKEN)[1] = "N"
        if turned:
            exif[0x0112] = UPRIGHT_IS_LEFT
    Image.new("RGB", (width, height), colour).save(drawn, kind, **({"exif": exif} if kind == "JPEG" else {}))
    return drawn.getvalue()
