"""The documented criteria of a checkpoint: Markdown that an admin wrote, as safe HTML."""

from functools import lru_cache

import nh3
from django import template
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

register = template.Library()

# No images: a page about a decision asks no other server for anything.
TAGS = frozenset(
    "p br h3 h4 ul ol li strong em code pre blockquote a hr table thead tbody tr th td".split()
)
MARKDOWN = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable("table")
# A guideline's title stands below those of the page.
DEEPER = {"h1": "h3", "h2": "h3", "h5": "h4", "h6": "h4"}


@register.filter
def guideline(text: str) -> SafeString:
    """Markdown as HTML of a few plain elements; links open by themselves and tell nobody whence."""
    return mark_safe(_rendered(text))  # noqa: S308 - cleaned by nh3 a line below


@lru_cache(maxsize=256)
def _rendered(text: str) -> str:
    tokens = MARKDOWN.parse(text)
    for token in tokens:
        token.tag = DEEPER.get(token.tag, token.tag)
    html = MARKDOWN.renderer.render(tokens, MARKDOWN.options, {})
    return nh3.clean(
        html,
        tags=set(TAGS),
        attributes={"a": {"href"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer",
    )
