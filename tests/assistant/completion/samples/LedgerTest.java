package org.example.ledger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A ledger with its tests in one file. */
public class LedgerTest {
    private static final BigDecimal HUNDRED = new BigDecimal("100.00");
    private static final BigDecimal FIFTY = new BigDecimal("50.00");

    enum Side {
        DEBIT,
        CREDIT,
        NEUTRAL
    }

    record Posting(String account, BigDecimal amount, Side side, LocalDate day) {
        Posting {
            if (amount.signum() < 0) {
                throw new IllegalArgumentException("A posting of " + amount + " is negative");
            }
        }
    }

    interface Listener {
        void posted(Posting posting);

        default void refused(Posting posting, String reason) {
            System.err.println(posting.account() + ": " + reason);
        }
    }

    static final class Ledger {
        private final Map<String, List<Posting>> postings = new HashMap<>();
        private final List<Listener> listeners = new ArrayList<>();

        void listen(Listener listener) {
            listeners.add(listener);
        }

        /**
         * Writes a posting into its account.
         *
         * @param posting what is written
         * @return the new balance
         */
        BigDecimal post(Posting posting) {
            postings.computeIfAbsent(posting.account(), name -> new ArrayList<>()).add(posting);
            for (Listener listener : listeners) {
                listener.posted(posting);
            }
            return balance(posting.account());
        }

        /**
         * Returns what an account holds.
         */
        BigDecimal balance(String account) {
            BigDecimal sum = BigDecimal.ZERO;
            for (Posting posting : postings.getOrDefault(account, List.of())) {
                if (posting.side() == Side.CREDIT) {
                    sum = sum.add(posting.amount());
                } else if (posting.side() == Side.DEBIT) {
                    sum = sum.subtract(posting.amount());
                }
            }
            return sum;
        }

        Optional<Posting> latest(String account) {
            return postings.getOrDefault(account, List.of())
                .stream()
                .max(Comparator.comparing(Posting::day));
        }

        Map<String, BigDecimal> balances() {
            return postings.keySet().stream()
                .collect(Collectors.toMap(account -> account, this::balance));
        }

        @Override
        public String toString() {
            StringBuilder text = new StringBuilder();
            for (Map.Entry<String, BigDecimal> entry : balances().entrySet()) {
                text.append(entry.getKey())
                    .append('=')
                    .append(entry.getValue())
                    .append('\n');
            }
            return text.toString();
        }
    }

    private Ledger ledger;

    @BeforeEach
    void makeLedger() {
        ledger = new Ledger();
        ledger.post(new Posting("cash", HUNDRED, Side.CREDIT, LocalDate.of(2024, 1, 2)));
    }

    @Test
    void aNewAccountIsEmpty() {
        assertEquals(BigDecimal.ZERO, ledger.balance("rent"));
    }

    @Test
    void creditsAreAdded() {
        ledger.post(new Posting("cash", FIFTY, Side.CREDIT, LocalDate.of(2024, 1, 3)));
        assertEquals(new BigDecimal("150.00"), ledger.balance("cash"));
    }

    @Test
    void debitsAreTakenAway() {
        ledger.post(new Posting("cash", FIFTY, Side.DEBIT, LocalDate.of(2024, 1, 3)));
        assertEquals(FIFTY, ledger.balance("cash"));
    }

    @Test
    void negativePostingsAreRefused() {
        BigDecimal negative = FIFTY.negate();
        assertThrows(
            IllegalArgumentException.class,
            () -> new Posting("cash", negative, Side.DEBIT, LocalDate.now()));
    }

    @Test
    void listenersHearOfPostings() {
        List<Posting> heard = new ArrayList<>();
        ledger.listen(heard::add);
        ledger.post(
            new Posting("heat", FIFTY, Side.DEBIT, LocalDate.of(2024, 1, 9)));
        ledger.post(new Posting("rent", FIFTY, Side.DEBIT, LocalDate.of(2024, 2, 1)));
        assertEquals(2, heard.size());
        assertTrue(ledger.latest("rent").isPresent());
    }
}
