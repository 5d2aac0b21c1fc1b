"""What happens when a row meets its fate: the one place that tells everybody."""

from respan_langchain.delivery.batch import News, Settled
from respan_langchain.delivery.flushing import Flushes
from respan_langchain.delivery.herald import Herald
from respan_langchain.delivery.intake import Intake
from respan_langchain.delivery.ledger import Ledger

IN_DOUBT = "sent without a clear answer, to be looked for"


class Accounts:
    """The one place where rows are settled."""

    def __init__(self, ledger: Ledger, intake: Intake, flushes: Flushes, herald: Herald) -> None:
        self._ledger = ledger
        self._intake = intake
        self._flushes = flushes
        self._herald = herald

    def settle(self, settled: list[Settled], now: float) -> None:
        """These rows are done with."""
        if not settled:
            return
        for one in settled:
            parcel = one.row.parcel
            parcel.ledger.settle(parcel.id, one.state, one.reason)
            self._ledger.settle(parcel.id, one.state, one.reason)
        rows = [one.row for one in settled]
        self._intake.release(rows)
        self._flushes.settled(rows)
        self._herald.settled(settled, now)

    def learn(self, news: News, waiting: int, now: float) -> None:
        """What an answer changed."""
        for row in news.doubtful:
            row.parcel.ledger.doubt(row.parcel.id, IN_DOUBT)
        self.settle(news.settled, now)
        for remark in news.remarks:
            self._herald.remark(remark, waiting, now)
