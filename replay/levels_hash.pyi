from books.book import Book
from market.grid import Grid

def levels_hash(book: Book, price: Grid, size: Grid) -> int: ...
