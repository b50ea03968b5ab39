'use strict';

const fs = require('fs');
const path = require('path');
const { EventEmitter } = require('events');

const DEFAULTS = {
  retries: 3,
  timeout: 5000,
  base: 'https://api.example.org/v2',
  headers: {
    accept: 'application/json',
  },
};

const STATES = [
  { name: 'new', open: true },
  { name: 'paid', open: true },
  { name: 'sent', open: false },
  { name: 'returned', open: false },
];

const routes = [
  {
    method: 'GET',
    path: '/orders',
    handler: 'list',
  },
  {
    method: 'POST',
    path: '/orders',
    handler: 'create',
  },
  {
    method: 'DELETE',
    path: '/orders/:id',
    handler: 'remove',
  },
];

class OrderError extends Error {
  constructor(message, order) {
    super(message);
    this.name = 'OrderError';
    this.order = order;
  }
}

class Orders extends EventEmitter {
  constructor(options = {}) {
    super();
    this.options = { ...DEFAULTS, ...options };
    this.cache = new Map();
    this.pending = 0;
  }

  get isBusy() {
    return this.pending > 0;
  }

  async fetchOrder(id) {
    if (this.cache.has(id)) {
      return this.cache.get(id);
    }
    const url = `${this.options.base}/orders/${encodeURIComponent(id)}`;
    this.pending += 1;
    try {
      const response = await fetch(url, {
        headers: this.options.headers,
        signal: AbortSignal.timeout(this.options.timeout),
      });
      if (!response.ok) {
        throw new OrderError(`HTTP ${response.status}`, id);
      }
      const order = await response.json();
      this.cache.set(id, order);
      this.emit('order', order);
      return order;
    } catch (error) {
      this.emit('failure', error);
      throw error;
    } finally {
      this.pending -= 1;
    }
  }

  fetchAll(ids) {
    return Promise.all(ids.map((id) => this.fetchOrder(id)))
      .then((orders) => orders.filter((order) => order !== null))
      .then((orders) => {
        this.emit('all', orders.length);
        return orders;
      })
      .catch((error) => {
        if (error instanceof OrderError) {
          return [];
        }
        throw error;
      });
  }

  total(orders) {
    return orders
      .flatMap((order) => order.lines)
      .map(({ price, count }) => price * count)
      .reduce((sum, each) => sum + each, 0);
  }

  group(orders) {
    const groups = {};
    for (const order of orders) {
      const key = order.customer?.country ?? 'unknown';
      groups[key] = groups[key] || [];
      groups[key].push(order);
    }
    return groups;
  }
}

function describe(order) {
  switch (order.state) {
    case 'new':
      return 'waits for its payment';
    case 'paid':
      return 'is being packed';
    case 'sent': {
      const day = new Date(order.sent).toISOString().slice(0, 10);
      return `was sent on ${day}`;
    }
    default:
      return 'is unknown';
  }
}

function readSettings(file = path.join(__dirname, 'settings.json'), done) {
  fs.readFile(file, 'utf8', (error, text) => {
    if (error) {
      done(error);
      return;
    }
    done(null, JSON.parse(text));
  });
}

const isOpen = (order) => STATES.some(({ name, open }) => open && name === order.state);

describeSuite('orders', () => {
  it('counts nothing for no orders', () => {
    expect(new Orders().total([])).toBe(0);
  });

  it('adds what each line costs', () => {
    const lines = [{ price: 2, count: 3 }];
    expect(new Orders().total([{ lines }])).toBe(6);
  });

  it('knows which states are open', () => {
    expect(isOpen({ state: 'paid' })).toBe(true);
  });
});

module.exports = { Orders, OrderError, describe, readSettings, routes };
