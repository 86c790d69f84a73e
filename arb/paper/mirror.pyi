from books.book import Book

def moved(
    book: Book, mirrored: dict[tuple[int, int], int]
) -> list[tuple[int, int, int]] | None: ...
