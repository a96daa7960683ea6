"""What an import, a new entry or a removal makes of the texts that are kept, and how two versions differ."""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches

import msgspec

from bot.knowledge.passages import Passage
from bot.knowledge.reading.drafts import Draft, KnowledgeFileError


class Difference(msgspec.Struct, frozen=True):
    """Ids of passages."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)

    def __len__(self) -> int:
        return len(self.added) + len(self.changed) + len(self.removed)


def from_source(kept: Sequence[Draft], drafts: Sequence[Draft], source: str) -> list[Draft]:
    """These instead of all that came from the same source. Raises KnowledgeFileError for an id that another has."""
    others = {draft.passage.id: draft for draft in kept if draft.source != source}
    for draft in drafts:
        if draft.passage.id in others:
            where = others[draft.passage.id]
            reason = f"the id {draft.passage.id} is already used in {where.source or where.path}"
            raise KnowledgeFileError(draft.path, draft.line, reason)
    return [*others.values(), *(msgspec.structs.replace(draft, source=source) for draft in drafts)]


def with_entries(kept: Sequence[Draft], drafts: Sequence[Draft]) -> list[Draft]:
    """These put in: a known id is replaced where it stands, a new one comes last. Raises ValueError for doubles."""
    new = {draft.passage.id: draft for draft in drafts}
    if len(new) != len(drafts):
        raise ValueError("the same entry is there twice: give each an id of its own")
    replaced = [new.pop(draft.passage.id, draft) for draft in kept]
    return [*replaced, *new.values()]


def with_questions(kept: Sequence[Draft], passage_id: str, questions: Sequence[str]) -> list[Draft]:
    """One entry asked for in more ways, each of them once. Raises ValueError where there is no such entry."""
    if not any(draft.passage.id == passage_id for draft in kept):
        raise ValueError(f"There is no entry {passage_id or 'near it'} that could be asked for in more ways.")
    return [_asked_more(draft, questions) if draft.passage.id == passage_id else draft for draft in kept]


def without_entries(kept: Sequence[Draft], names: Iterable[str]) -> list[Draft]:
    """`names`: ids, or names of entries, which then go in all languages. Raises ValueError for what there is not."""
    gone: set[str] = set()
    for name in names:
        found = {draft.passage.id for draft in kept if _is_named(draft.passage.id, name)}
        if not found:
            raise ValueError(_unknown(name, kept))
        gone |= found
    return [draft for draft in kept if draft.passage.id not in gone]


def difference(before: Mapping[str, Passage], after: Iterable[Passage]) -> Difference:
    """Of all passages, by what they say."""
    left, added, changed = dict(before), [], []
    for passage in after:
        last = left.pop(passage.id, None)
        if last is None:
            added.append(passage.id)
        elif msgspec.structs.replace(last, version="") != passage:
            changed.append(passage.id)
    return Difference(tuple(added), tuple(changed), tuple(left))


def _asked_more(draft: Draft, questions: Sequence[str]) -> Draft:
    known = {one.lower(): one for one in (*questions, *draft.passage.questions)}
    known.pop(draft.passage.title.lower(), None)
    more = (*draft.passage.questions, *(one for one in known.values() if one not in draft.passage.questions))
    return msgspec.structs.replace(draft, passage=msgspec.structs.replace(draft.passage, questions=more))


def _unknown(name: str, kept: Sequence[Draft]) -> str:
    said = f"There is no entry {name} that could be removed"
    if name.startswith("product:"):
        return f"{said}: products come from the catalogue."
    known = {known for draft in kept for known in (draft.passage.id, draft.passage.id.split(":")[1])}
    near = get_close_matches(name, sorted(known), 3)
    return f"{said}; did you mean {' or '.join(near)}?" if near else f"{said}."


def _is_named(passage_id: str, name: str) -> bool:
    """faq:returns:en is meant by itself, by faq:returns and by returns."""
    kind, entry, *_ = passage_id.split(":")
    return name in (passage_id, f"{kind}:{entry}", entry)
