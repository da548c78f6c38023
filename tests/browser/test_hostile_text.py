"""What an agent writes is shown, and does nothing."""

import pytest

HARM = (
    "<script>alert(1)</script><img src=https://evil.example/x onerror=alert(1)>"
    "<b hx-get=/plans/ hx-trigger=load style='position:fixed;inset:0'>x</b>"
    "{{ request }}{% url 'queue' %} \u202egnp.exe \u2066 p\u0430ypal.example \u200b"
)


@pytest.fixture
def hostile(ask):
    return ask(
        checkpoint="default",
        action="open_link",
        arguments={HARM[:250]: HARM, "list": [HARM], "number": "2"},
        context={
            "rationale": HARM,
            "impact": {"scope": HARM, "reversibility": HARM},
            "alternatives": [HARM],
            HARM[:250]: HARM,
        },
        steps=[
            {
                "id": HARM[:150],
                "action": HARM[:150],
                "arguments": {HARM[:250]: HARM},
                "impact": HARM,
            }
        ],
        run=HARM[:150],
    )


@pytest.mark.parametrize(
    "where", ["/", "/plans/", "{page}", "{page}modify/", "{page}modify/?as=json"]
)
def test_is_inert_everywhere(visit, hostile, where):
    page = visit("ada").go(where.format(page=hostile.get_absolute_url()))
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true })")
    page.wait_for_timeout(300)

    born = page.locator(
        "main :is(script, img, iframe, object, [style], [onerror], [hx-get='/plans/'], b > b)"
    )
    assert born.count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 1440


def test_is_inert_in_a_message_too(visit, hostile):
    page = visit("ada").go(hostile.get_absolute_url())
    page.wait_for_timeout(450)

    page.keyboard.press("r")
    page.keyboard.press("3")

    page.locator(".toast", has_text="Rejected").wait_for()
    assert page.locator(".toast :is(script, img, b)").count() == 0


@pytest.mark.parametrize("width", [320, 390, 768, 1024])
def test_fits_into_the_window(visit, hostile, width):
    page = visit("ada", width=width).go(hostile.get_absolute_url())

    assert page.evaluate("document.documentElement.scrollWidth") <= width
