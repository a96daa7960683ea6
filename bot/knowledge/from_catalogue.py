"""The catalogue as passages, so that products are found like any other knowledge. Price and stock are read live."""

from collections.abc import Sequence

from bot.knowledge.passages import Passage
from bot.knowledge.reading.drafts import page_url, passage_id
from bot.shop.records import Product, in_language


def product_passages(products: Sequence[Product], languages: Sequence[str]) -> list[Passage]:
    """One passage per product and language; its SKUs and its names in other languages are ways of asking for it."""
    return [_passage(product, language) for product in products for language in languages]


def _passage(product: Product, language: str) -> Passage:
    name, category = in_language(product.name, language), in_language(product.category, language)
    text = [in_language(product.description, language), *_options(product, language)]
    other_names = [other for other in product.name.values() if other != name]
    return Passage(
        id=passage_id("product", product.id, language),
        kind="product",
        language=language,
        title=name,
        text="\n\n".join(part for part in text if part),
        url=page_url("product", product.id, language),
        questions=tuple(dict.fromkeys([*other_names, *(variant.sku for variant in product.variants)])),
        topic=category,
    )


def _options(product: Product, language: str) -> list[str]:
    """One line per option with its values; the option's own name is English: "colour: Ochre, Moss green"."""
    values: dict[str, dict[str, None]] = {}
    for variant in product.variants:
        for option, words in variant.options.items():
            values.setdefault(option, {})[in_language(words, language)] = None
    if language == "en":
        return [f"{option}: {', '.join(found)}" for option, found in values.items()]
    return ["、".join(found) if language == "zh" else ", ".join(found) for found in values.values()]
