using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading.Tasks;

namespace Example.Lending
{
    /// <summary>How a book is at the moment.</summary>
    public enum BookState
    {
        Free,
        Lent,
        Reserved,
        Lost
    }

    public interface IClock
    {
        DateTime Today { get; }
    }

    public sealed class Book
    {
        public Book(string title, string author, int year)
        {
            Title = title ?? throw new ArgumentNullException(nameof(title));
            Author = author;
            Year = year;
        }

        public string Title { get; }

        public string Author { get; }

        public int Year { get; }

        public BookState State { get; set; } = BookState.Free;

        public override string ToString()
        {
            return $"{Author}: {Title} ({Year})";
        }
    }

    public class Library
    {
        private readonly Dictionary<string, List<Book>> shelves = new Dictionary<string, List<Book>>();
        private readonly Dictionary<Book, DateTime> due = new Dictionary<Book, DateTime>();
        private readonly IClock clock;
        private int lent;

        public Library(IClock clock)
        {
            this.clock = clock;
        }

        public event EventHandler<Book> Returned;

        public int Lent
        {
            get { return lent; }
        }

        public IEnumerable<Book> Overdue
        {
            get
            {
                return due
                    .Where(pair => pair.Value < clock.Today)
                    .Select(pair => pair.Key)
                    .OrderBy(book => book.Title);
            }
        }

        public void Add(string shelf, Book book)
        {
            if (!shelves.TryGetValue(shelf, out var books))
            {
                books = new List<Book>();
                shelves[shelf] = books;
            }
            books.Add(book);
        }

        public bool Lend(Book book, int days)
        {
            if (book.State != BookState.Free)
            {
                return false;
            }
            if (days <= 0)
            {
                throw new ArgumentOutOfRangeException(nameof(days), "A book is lent for a day at least.");
            }
            book.State = BookState.Lent;
            due[book] = clock.Today.AddDays(days);
            lent++;
            return true;
        }

        public void Return(Book book)
        {
            if (!due.Remove(book))
            {
                throw new InvalidOperationException($"{book.Title} was not lent.");
            }
            book.State = BookState.Free;
            lent--;
            Returned?.Invoke(this, book);
        }

        public Book Find(string title)
        {
            foreach (var books in shelves.Values)
            {
                foreach (var book in books)
                {
                    if (string.Equals(book.Title, title, StringComparison.OrdinalIgnoreCase))
                    {
                        return book;
                    }
                }
            }
            return null;
        }

        public async Task<int> LoadAsync(string path)
        {
            var count = 0;
            using (var reader = new StreamReader(path))
            {
                string line;
                while ((line = await reader.ReadLineAsync()) != null)
                {
                    var parts = line.Split(';');
                    if (parts.Length < 4)
                    {
                        continue;
                    }
                    Add(parts[0], new Book(parts[1], parts[2], int.Parse(parts[3])));
                    count++;
                }
            }
            return count;
        }

        public static string Describe(BookState state)
        {
            switch (state)
            {
                case BookState.Free:
                    return "is on its shelf";
                case BookState.Lent:
                    return "is lent";
                case BookState.Reserved:
                    return "waits for somebody";
                default:
                    return "is lost";
            }
        }
    }
}
