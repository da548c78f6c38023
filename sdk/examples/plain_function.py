"""
A function that runs only as a person approved it.

    export PLACET_URL=http://127.0.0.1:8000 PLACET_API_KEY=plc_agent_…
    python plain_function.py 4711 90.00

Started again for the same order it does not ask, or refund, a second time.
"""

import sys

import placet


@placet.requires_approval(
    checkpoint="refunds",
    context=lambda call: {"rationale": f"Order {call['order']} arrived late."},
    run=lambda call: f"refund-{call['order']}",
)
def process_refund(order: str, amount: str) -> str:
    return f"Refunded {amount} for order {order}."


try:
    print(process_refund(*sys.argv[1:3]))
except placet.Rejected as no:
    sys.exit(f"Not refunded. {no.feedback}")
except placet.GrantConsumed as before:
    sys.exit(f"Not refunded again: the permission was taken at {before.current['consumed_at']}.")
