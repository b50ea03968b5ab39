// Accounts of a small bank; every brace stands on its own line.
#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace bank
{

using Cents = long long;

enum class Kind
{
    Giro,
    Savings,
    Loan,
    Closed,
};

struct Entry
{
    std::string text;
    Cents amount = 0;
    std::chrono::system_clock::time_point when;
};

class AccountError : public std::runtime_error
{
public:
    explicit AccountError(const std::string& what)
        : std::runtime_error(what)
    {
    }
};

class Account
{
public:
    Account(std::string owner, Kind kind)
        : owner_(std::move(owner)),
          kind_(kind)
    {
    }

    virtual ~Account() = default;

    const std::string& owner() const { return owner_; }
    Cents balance() const { return balance_; }
    Kind kind() const { return kind_; }

    void deposit(Cents amount, const std::string& text = "deposit")
    {
        if (amount <= 0)
        {
            throw AccountError("a deposit has to be positive");
        }
        balance_ += amount;
        entries_.push_back({text, amount, std::chrono::system_clock::now()});
    }

    void withdraw(Cents amount)
    {
        if (amount <= 0)
        {
            throw AccountError("a withdrawal has to be positive");
        }
        if (balance_ - amount < limit())
        {
            throw AccountError(owner_ + " has too little");
        }
        balance_ -= amount;
        entries_.push_back({"withdrawal", -amount, std::chrono::system_clock::now()});
    }

    std::optional<Entry> largest() const
    {
        auto found = std::max_element(
            entries_.begin(),
            entries_.end(),
            [](const Entry& a, const Entry& b) { return a.amount < b.amount; });
        if (found == entries_.end())
        {
            return std::nullopt;
        }
        std::string text = found->text + " of "
            + owner_;
        return Entry{text, found->amount, found->when};
    }

protected:
    virtual Cents limit() const
    {
        switch (kind_)
        {
        case Kind::Giro:
            return -50000;
        case Kind::Loan:
            return -10000000;
        default:
            return 0;
        }
    }

private:
    std::string owner_;
    Kind kind_;
    Cents balance_ = 0;
    std::vector<Entry> entries_;
};

class Bank
{
public:
    Account& open(const std::string& owner, Kind kind)
    {
        auto account = std::make_unique<Account>(owner, kind);
        Account& opened = *account;
        std::sort(
            accounts_[owner].begin(),
            accounts_[owner].end());
        accounts_[owner].push_back(std::move(account));
        return opened;
    }

    template <typename Visit>
    void each(Visit&& visit) const
    {
        for (const auto& [owner, accounts] : accounts_)
        {
            for (const auto& account : accounts)
            {
                visit(*account);
            }
        }
    }

    Cents total() const
    {
        Cents sum = 0;
        each([&sum](const Account& account) { sum += account.balance(); });
        return sum;
    }

    bool transfer(Account& from, Account& to, Cents amount)
    {
        try
        {
            from.withdraw(amount);
        }
        catch (const AccountError&)
        {
            return false;
        }
        to.deposit(amount, "from " + from.owner());
        return true;
    }

    int remove_closed()
    {
        int removed = 0;
        for (auto at = accounts_.begin(); at != accounts_.end();)
        {
            if (at->second.empty())
            {
                at = accounts_.erase(at);
                ++removed;
            }
            else
            {
                ++at;
            }
        }
        return removed;
    }

private:
    std::map<std::string, std::vector<std::unique_ptr<Account>>> accounts_;
};

}  // namespace bank
