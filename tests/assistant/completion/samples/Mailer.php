<?php

declare(strict_types=1);

namespace Example\Mail;

use DateTimeImmutable;
use InvalidArgumentException;
use Psr\Log\LoggerInterface;

/**
 * What can carry a message.
 */
interface Transport
{
    public function send(Message $message): bool;

    public function name(): string;
}

final class Message
{
    private array $headers = [];

    public function __construct(
        public readonly string $to,
        public readonly string $subject,
        public readonly string $body = '',
    ) {
        if (!filter_var($to, FILTER_VALIDATE_EMAIL)) {
            throw new InvalidArgumentException("'$to' is no address");
        }
    }

    /**
     * Returns the message with one more header.
     */
    public function withHeader(string $name, string $value): self
    {
        $copy = clone $this;
        $copy->headers[strtolower($name)] = $value;

        return $copy;
    }

    /**
     * Returns a header, or null where there is none.
     */
    public function header(string $name): ?string
    {
        return $this->headers[strtolower($name)] ?? null;
    }

    /**
     * @return array<string, string>
     */
    public function headers(): array
    {
        return $this->headers;
    }
}

class Mailer
{
    private const RETRIES = 3;
    private const LEVELS = [
        'info' => 1,
        'warning' => 2,
        'error' => 3,
    ];

    /** @var Transport[] */
    private array $transports = [];
    private int $sent = 0;

    public function __construct(private LoggerInterface $logger)
    {
    }

    public function add(Transport $transport, int $priority = 0): static
    {
        $this->transports[$priority] = $transport;
        krsort($this->transports);

        return $this;
    }

    public function send(Message $message): bool
    {
        foreach ($this->transports as $transport) {
            for ($try = 1; $try <= self::RETRIES; $try++) {
                if ($transport->send($message)) {
                    $this->sent++;
                    return true;
                }
            }
            $this->logger->warning('{name} did not send', [
                'name' => $transport->name(),
                'to' => $message->to,
            ]);
        }

        return false;
    }

    public function sendAll(array $messages): array
    {
        $failed = array_filter(
            $messages,
            fn (Message $message) => !$this->send($message),
        );
        if ($failed === []) {
            return [];
        }
        $this->logger->error(count($failed) . ' messages were not sent');

        return array_values($failed);
    }

    public function sent(): int
    {
        return $this->sent;
    }

    public static function level(string $name): int
    {
        if (!isset(self::LEVELS[$name])) {
            throw new InvalidArgumentException("There is no level $name");
        }

        return self::LEVELS[$name];
    }
}

class FileTransport implements Transport
{
    public function __construct(private string $folder)
    {
    }

    public function send(Message $message): bool
    {
        $name = (new DateTimeImmutable())->format('Ymd-His') . '.eml';
        $lines = ["To: {$message->to}", "Subject: {$message->subject}"];
        foreach ($message->headers() as $header => $value) {
            $lines[] = ucfirst($header) . ': ' . $value;
        }
        try {
            $bytes = file_put_contents("{$this->folder}/$name", implode("\n", $lines));
        } catch (\ErrorException $error) {
            return false;
        }

        return $bytes !== false;
    }

    public function name(): string
    {
        return 'file';
    }
}

function describe(string $state): string
{
    switch ($state) {
        case 'queued':
            return 'waits';
        case 'sent':
            return 'is on its way';
        default:
            return 'is unknown';
    }
}
