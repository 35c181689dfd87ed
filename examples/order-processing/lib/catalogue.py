"""What the shop sells. Prices are in cents.

`restocked_on_check` says at which check of the stock an article is there: 1 is always,
3 arrives while the order waits on back-order, None never arrives.
"""

ARTICLES = {
    "LAMP-01": {"price": 4900, "restocked_on_check": 1},
    "MUG-02": {"price": 1250, "restocked_on_check": 1},
    "CHAIR-07": {"price": 12900, "restocked_on_check": 3},
    "SOFA-99": {"price": 89900, "restocked_on_check": None},
}
