"""
Holds the practice Binance venue; start it through `switchgear.practice.sim.server`.

A request comes to `venue`, which weighs it (`limits`), checks its key (`params`, `keys`) and hands it
to an endpoint: `market_data`, `trading`, `replacing` and `account_data` list theirs at their ends.
They read it with `params` and `orders`, hold it against `filters` and `market`, and answer with the
shapes of `shapes`, `info`, `quotes` and `candles`. What is refused is said in the words of `refusals`.
"""
