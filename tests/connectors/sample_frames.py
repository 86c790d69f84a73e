"""A frame of each kind and venue, short enough to damage at every byte."""

BINANCE = {
    "diff": b'{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1672515782136,'
    b'"s":"BTCUSDT","U":157,"u":160,"b":[["61837.63000000","3.78826000"],'
    b'["61837.00000000","0.00000000"]],"a":[["61838.01000000","12.50000000"],'
    b'["61840.00000000","1.00000000"],["61841.00000000","0.00100000"]]}}',
    "futures diff": b'{"e":"depthUpdate","E":1723161256299,"T":1723161256298,"s":"BTCUSDT",'
    b'"U":5123107832006,"u":5123107837557,"pu":5123107831937,"b":[["58710.20","0.014"]],"a":[]}',
    "quote": b'{"u":400900217,"s":"BTCUSDT","b":"25.35000000","B":"31.21000000",'
    b'"a":"25.36000000","A":"40.66000000"}',
    "trade": b'{"e":"trade","E":1723161255343,"s":"BTCUSDT","t":3735683259,"p":"61837.63000000",'
    b'"q":"0.02000000","T":1723161255342,"m":true,"M":true}',
    "partial": b'{"stream":"btcusdt@depth5","data":{"lastUpdateId":160,"bids":[["0.01","10"]],'
    b'"asks":[["0.02","100"]]}}',
    "ack": b'{"result":null,"id":312}',
    "error": b'{"error":{"code":2,"msg":"Invalid request: invalid stream"},"id":1}',
    "shutdown": b'{"e":"serverShutdown","E":1770123456789}',
    "kline": b'{"e":"kline","E":1672515782136,"s":"BTCUSDT","k":{"t":1672515780000,"s":"BTCUSDT",'
    b'"i":"1m","o":"0.0010","x":false,"L":[1,{"a":[]}]}}',
}
COINBASE = {
    "update": b'{"channel":"l2_data","timestamp":"2026-08-09T21:05:48.483587501Z",'
    b'"sequence_num":13,"events":[{"type":"update","product_id":"BTC-USD","updates":['
    b'{"side":"bid","event_time":"2026-08-09T21:05:48.170326Z","price_level":"65083.66",'
    b'"new_quantity":"0.20371215"},{"side":"offer","price_level":"65084","new_quantity":"0"}]}]}',
    "snapshot": b'{"channel":"l2_data","timestamp":"2026-08-09T21:05:48Z","sequence_num":0,'
    b'"events":[{"type":"snapshot","product_id":"ETH-USD","updates":[]},'
    b'{"type":"update","product_id":"BTC-USD","updates":[{"side":"ask","price_level":"1.5",'
    b'"new_quantity":"2"}]}]}',
    "ticker": b'{"channel":"ticker","timestamp":"2026-08-09T21:05:48.5Z","sequence_num":6,'
    b'"events":[{"type":"snapshot","tickers":[{"type":"ticker","product_id":"BTC-USD",'
    b'"price":"65083.67","best_bid":"65083.66","best_bid_quantity":"0.1","best_ask":"65083.67",'
    b'"best_ask_quantity":"0.00000001"},{"type":"ticker","product_id":"ETH-USD"}]}]}',
    "trades": b'{"channel":"market_trades","timestamp":"2026-08-09T21:05:48.5Z","sequence_num":7,'
    b'"events":[{"type":"update","trades":[{"product_id":"BTC-USD","trade_id":"1068572090",'
    b'"price":"65083.67","size":"0.002186","time":"2026-08-09T21:05:48.1Z","side":"SELL"},'
    b'{"product_id":"ETH-USD","trade_id":"a-b","price":"1","size":"2","side":"BUY"}]}]}',
    "heartbeat": b'{"channel":"heartbeats","timestamp":"2026-08-09T21:05:48.5Z","sequence_num":35,'
    b'"events":[{"current_time":"2026-08-09 21:05:48 +0000 UTC m=+4","heartbeat_counter":41691}]}',
    "ack": b'{"channel":"subscriptions","timestamp":"2026-08-09T21:05:48.5Z","sequence_num":2,'
    b'"events":[{"subscriptions":{"level2":["BTC-USD"]}}]}',
    "error": b'{"type":"error","message":"authentication failure"}',
}
EXCHANGE = {
    "snapshot": b'{"type":"snapshot","product_id":"BTC-USD","asks":[["14.80","12.77"],'
    b'["14.81","0.5"]],"bids":[["14.79","3"]],"time":"2021-04-17T16:43:37.075687Z"}',
    "update": b'{"type":"l2update","product_id":"SKL-USD","changes":[["sell","0.7911","660.5"],'
    b'["buy","0.7902","0"]],"time":"2021-04-17T16:43:37.075687Z"}',
    "ticker": b'{"type":"ticker","sequence":333938798,"product_id":"BTC-USD","price":"14.77",'
    b'"open_24h":"15","best_bid":"14.75","best_ask":"14.80","side":"buy","trade_id":881613,'
    b'"time":"2021-04-17T16:43:37.075687Z"}',
    "match": b'{"type":"match","trade_id":881613,"maker_order_id":"ac-1","side":"buy",'
    b'"size":"0.5","price":"14.77","product_id":"BTC-USD","sequence":333938798,'
    b'"time":"2021-04-17T16:43:37.075687Z"}',
    "heartbeat": b'{"type":"heartbeat","sequence":90,"last_trade_id":20,"product_id":"BTC-USD",'
    b'"time":"2021-04-17T16:43:37.464Z"}',
    "ack": b'{"type":"subscriptions","channels":[{"name":"level2","product_ids":["BTC-USD"]}]}',
    "error": b'{"type":"error","message":"Failed to subscribe","reason":"x is not a product"}',
}
FRAMES = {"binance": BINANCE, "coinbase": COINBASE, "coinbase-exchange": EXCHANGE}
CASES = [(venue, name) for venue, frames in FRAMES.items() for name in frames]
