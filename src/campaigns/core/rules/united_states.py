"""The rows of the United States as a whole, and of states whose rules are certain."""

from __future__ import annotations

from datetime import date, timedelta

from campaigns.core.definition import Cap
from campaigns.core.rules.row import (
    ALL,
    CLOSED,
    DEBT,
    MARKETING,
    Certainty,
    Rule,
    at,
    daily,
    mon_sat,
    week,
)

A, B = Certainty.A, Certainty.B
_THREE_A_DAY = (Cap(calls=3, per=timedelta(hours=24)),)
_WAIVER_ENDS = date(2027, 1, 31)

FEDERAL: tuple[Rule, ...] = (
    Rule(
        key="us-federal-marketing",
        pack="us-tcpa",
        place="US",
        purposes=MARKETING,
        hours=daily(at(8, 21)),
        says="Telephone solicitation from 8 to 21 only, also in states and territories without a"
        " row of their own; whether consent lifts the hours is litigated, so they hold.",
        source="47 CFR 64.1200(c)(1); 16 CFR 310.4(c)",
        certainty=A,
    ),
    Rule(
        key="us-ai-voice",
        pack="us-tcpa",
        place="US",
        purposes=ALL,
        disclosure=True,
        says="An AI voice is artificial: the call begins with who is responsible for it, and offers"
        " a way to opt out. Courts need not follow the FCC; statute and states stay.",
        source="FCC 24-17 (2024-02-08); 47 CFR 64.1200(b)",
        certainty=A,
    ),
    Rule(
        key="us-ai-voice-marketing",
        pack="us-tcpa",
        place="US",
        purposes=MARKETING,
        consent=True,
        disclosure=True,
        says="Marketing by an artificial voice needs prior express written consent.",
        source="FCC 24-17 (2024-02-08); 47 CFR 64.1200(a)(2)-(3)",
        certainty=A,
    ),
    Rule(
        key="us-opt-out",
        pack="us-tcpa",
        place="US",
        purposes=ALL,
        says="An opt-out in any reasonable words is honoured (within 10 business days; here at"
        " once). That it ends calls on unrelated topics too is waived to 2027-01-31.",
        source="47 CFR 64.1200(a)(10), (d); FCC waiver to 2027-01-31",
        review_by=_WAIVER_ENDS,
        certainty=A,
    ),
    Rule(
        key="us-reg-f",
        pack="us-debt",
        place="US",
        purposes=DEBT,
        hours=daily(at(8, 21)),
        caps=(Cap(calls=7, per=timedelta(days=7)),),
        after_conversation=timedelta(days=7),
        says="Debt collection from 8 to 21 unless the consumer said otherwise; more than 7 calls in"
        " 7 days about a debt, or one within 7 days after a conversation, is presumed harassment."
        " Calls that nobody answered count.",
        source="12 CFR 1006.14(b), 1006.6(b)",
        certainty=A,
    ),
)

CERTAIN_STATES: tuple[Rule, ...] = (
    Rule(
        key="us-fl-marketing",
        pack="us-tcpa",
        place="US-FL",
        purposes=MARKETING,
        hours=daily(at(8, 20)),
        caps=_THREE_A_DAY,
        consent=True,
        says="Florida: 8 to 20, 3 calls in 24 h on a subject whatever number shows; automated"
        " selection and dialing needs written consent; the area code presumes a resident.",
        source="F.S. 501.616(6), 501.059 (SB 1120)",
        certainty=A,
    ),
    Rule(
        key="us-ok-marketing",
        pack="us-tcpa",
        place="US-OK",
        purposes=MARKETING,
        hours=daily(at(8, 20)),
        caps=_THREE_A_DAY,
        consent=True,
        says="Oklahoma: 8 to 20, 3 calls in 24 h, since 2022-11-01, on the model of Florida; an"
        " existing business relationship is exempt.",
        source="15 O.S. 775C",
        certainty=A,
    ),
    Rule(
        key="us-md-marketing",
        pack="us-tcpa",
        place="US-MD",
        purposes=MARKETING,
        hours=daily(at(8, 20)),
        caps=_THREE_A_DAY,
        says="Maryland: 8 to 20, 3 calls in 24 h, since 2024-01-01.",
        source="Stop the Spam Calls Act 2023",
        certainty=A,
    ),
    Rule(
        key="us-wa-marketing",
        pack="us-tcpa",
        place="US-WA",
        purposes=MARKETING,
        hours=daily(at(8, 20)),
        disclosure=True,
        says="Washington, also for donations: 8 to 20; name and company within 30 s; after `stop`"
        " the call ends within 10 s and none follows for a year.",
        source="RCW 80.36.390 (HB 1497)",
        certainty=A,
    ),
    Rule(
        key="us-tx-marketing",
        pack="us-tcpa",
        place="US-TX",
        purposes=MARKETING,
        hours=week(at(9, 21), at(9, 21), at(12, 21)),
        says="Texas: 9 to 21, on Sundays from 12; registration and a bond; private suits since"
        " 2025-09-01.",
        source="Bus. & Com. Code 301.051; SB 140",
        certainty=A,
    ),
    Rule(
        key="us-ri-marketing",
        pack="us-tcpa",
        place="US-RI",
        purposes=MARKETING,
        hours=week(at(9, 18), at(10, 17), CLOSED, "US-RI"),
        says="Rhode Island: Monday to Friday 9 to 18, Saturday 10 to 17, no Sunday and no holiday.",
        source="R.I.G.L. 5-61-3.6; hours of 5-61-2(9) by a secondary source",
        certainty=B,
    ),
    Rule(
        key="us-ky-marketing",
        pack="us-tcpa",
        place="US-KY",
        purposes=MARKETING,
        hours=daily(at(10, 21)),
        says="Kentucky: 10 to 21; recorded calls 8 to 21, with an attendant and consent.",
        source="KRS 367.46955, 367.461",
        certainty=B,
    ),
    Rule(
        key="us-al-marketing",
        pack="us-tcpa",
        place="US-AL",
        purposes=MARKETING,
        hours=mon_sat(at(8, 20), "US-AL"),
        says="Alabama: Monday to Saturday 8 to 20, no Sunday and no holiday.",
        source="trade tables of 2025",
        certainty=B,
    ),
    Rule(
        key="us-la-marketing",
        pack="us-tcpa",
        place="US-LA",
        purposes=MARKETING,
        hours=mon_sat(at(8, 20), "US-LA"),
        says="Louisiana: Monday to Saturday 8 to 20, no Sunday and no holiday of the commission's"
        " list.",
        source="trade tables of 2025; the Public Service Commission's list of holidays",
        certainty=B,
    ),
    Rule(
        key="us-ms-marketing",
        pack="us-tcpa",
        place="US-MS",
        purposes=MARKETING,
        hours=mon_sat(at(8, 20)),
        says="Mississippi: Monday to Saturday 8 to 20, no Sunday; the attorney general's now.",
        source="trade tables of 2025",
        certainty=B,
    ),
    Rule(
        key="us-ct-marketing",
        pack="us-tcpa",
        place="US-CT",
        purposes=MARKETING,
        hours=daily(at(9, 20)),
        says="Connecticut: 9 to 20; older tables say 9 to 21.",
        source="PA 23-98 by a secondary source",
        certainty=B,
    ),
    Rule(
        key="us-pa-marketing",
        pack="us-tcpa",
        place="US-PA",
        purposes=MARKETING,
        hours=daily(at(8, 21), "US-PA"),
        says="Pennsylvania: 8 to 21, no legal holiday (since 2019-12-03).",
        source="73 P.S. 2241 ff; Act 73 of 2019",
        certainty=A,
    ),
    Rule(
        key="us-ca-marketing",
        pack="us-tcpa",
        place="US-CA",
        purposes=MARKETING,
        hours=daily(at(8, 21)),
        disclosure=True,
        says="California: the federal hours; since 2025-01-01 an artificial voice is told as such.",
        source="PUC 2874; AB 2905",
        certainty=A,
    ),
)
