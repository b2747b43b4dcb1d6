"""What actions and entries are searched in; all of it follows from their texts.

Nothing else writes these columns, and they can be made again at any time.
"""

from collections.abc import Iterable, Iterator

from django.db.models import QuerySet

from commitments import stems
from commitments.findings import Finding
from commitments.models import Action, Body, EntryStems, EntryText, Plan

# of an action
COLUMNS = ("title_stems", "text_stems")


def index_actions(actions: QuerySet[Action]) -> int:
    """Bring the columns of these actions up to date; returns how many differed."""
    differing = []
    for action in _with_texts(actions):
        title_stems = _stems_of_title(action)
        text_stems = _stems_of_text(action)
        if (action.title_stems, action.text_stems) != (title_stems, text_stems):
            action.title_stems = title_stems
            action.text_stems = text_stems
            differing.append(action)
    actions.model._default_manager.bulk_update(differing, COLUMNS, batch_size=500)
    return len(differing)


def _with_texts(actions: QuerySet[Action]) -> QuerySet[Action]:
    return actions.select_related("commitment").prefetch_related("leads", "partners")


def verify_stems(plan: Plan) -> Iterator[Finding]:
    """The rows that do not follow from the texts, which are verified elsewhere."""
    for action in _with_texts(Action.objects.filter(plan=plan)):
        if action.title_stems != _stems_of_title(action):
            yield _altered("commitments_action", action.ref, "title_stems")
        if action.text_stems != _stems_of_text(action):
            yield _altered("commitments_action", action.ref, "text_stems")
    texts = EntryText.objects.filter(entry__plan=plan).select_related("entry", "search")
    for text in texts.order_by("pk").iterator(chunk_size=2000):
        number = str(text.entry.number)
        search = getattr(text, "search", None)
        if search is None:
            yield Finding("row-missing", {"row": number, "table": "commitments_entrystems"})
        elif search.stems != _stems_of_entry(text):
            yield _altered("commitments_entrystems", number, "stems")


def _altered(table: str, row: str, column: str) -> Finding:
    return Finding("row-altered", {"table": table, "row": row, "column": column})


def _stems_of_title(action: Action) -> str:
    keywords = action.keywords or {}
    return stems.join_stems(action.ref, *action.title.values(), *keywords.values())


def _stems_of_text(action: Action) -> str:
    """The stems of the signed words, organisations and interpretations of an action, and of what is
    said of its commitment.
    """
    bodies: list[Body] = [*action.leads.all(), *action.partners.all()]
    commitment = action.commitment
    by_language = [commitment.title, commitment.summary, action.unit]
    by_language += [body.name for body in bodies]
    for interpretation in action.interpretations:
        by_language += [interpretation["question"], interpretation["chosen"]]
    texts = [text for texts in by_language for text in texts.values()]
    return stems.join_stems(action.signed_words, *texts)


def index_texts(texts: Iterable[EntryText], model: type[EntryStems] = EntryStems) -> None:
    """Add the rows in which these texts are searched."""
    rows = [model(text=text, stems=_stems_of_entry(text)) for text in texts]
    model._default_manager.bulk_create(rows, batch_size=1000)


def _stems_of_entry(text: EntryText) -> str:
    return stems.join_stems(text.note, text.reason, text.source, text.decided_by)


def index_missing_texts(texts: QuerySet[EntryText], model: type[EntryStems] = EntryStems) -> int:
    """Add the rows of texts that a process of an earlier version wrote; returns how many."""
    missing = texts.filter(search=None).order_by("pk")
    count = 0
    while part := list(missing[:1000]):
        index_texts(part, model)
        count += len(part)
    return count
