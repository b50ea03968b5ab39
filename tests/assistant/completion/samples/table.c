/* A hash table with open addressing, written as the GNU projects write C. */

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SIZE 16
#define MAX_LOAD(n) ((n) / 4 * 3)

enum slot_state
{
  SLOT_FREE,
  SLOT_USED,
  SLOT_GONE
};

struct slot
{
  enum slot_state state;
  uint32_t hash;
  char *key;
  void *value;
};

struct table
{
  size_t size;
  size_t used;
  struct slot *slots;
  void (*free_value) (void *);
};

static const struct
{
  const char *name;
  int code;
} messages[] = {
  { "out of memory", ENOMEM },
  { "no such key", ENOENT },
  { "the table is full", ENOSPC },
  { "bad argument", EINVAL },
};

static uint32_t
hash_of (const char *key)
{
  uint32_t hash = 2166136261u;
  for (const unsigned char *at = (const unsigned char *) key; *at; at++)
    {
      hash ^= *at;
      hash *= 16777619u;
    }
  return hash;
}

struct table *
table_new (void (*free_value) (void *))
{
  struct table *table = malloc (sizeof *table);
  if (table == NULL)
    return NULL;
  table->size = FIRST_SIZE;
  table->used = 0;
  table->free_value = free_value;
  table->slots = calloc (table->size, sizeof *table->slots);
  if (table->slots == NULL)
    {
      free (table);
      return NULL;
    }
  return table;
}

static struct slot *
find_slot (const struct table *table, const char *key, uint32_t hash)
{
  size_t at = hash & (table->size - 1);
  while (table->slots[at].state != SLOT_FREE)
    {
      struct slot *slot = &table->slots[at];
      if (slot->state == SLOT_USED
          && slot->hash == hash
          && strcmp (slot->key, key) == 0)
        return slot;
      at = (at + 1) & (table->size - 1);
    }
  return &table->slots[at];
}

static int
grow (struct table *table)
{
  struct slot *old = table->slots;
  size_t old_size = table->size;
  table->slots = calloc (2 * old_size, sizeof *old);
  if (table->slots == NULL)
    {
      table->slots = old;
      return ENOMEM;
    }
  table->size = 2 * old_size;
  for (size_t i = 0; i < old_size; i++)
    {
      if (old[i].state != SLOT_USED)
        continue;
      *find_slot (table, old[i].key, old[i].hash) = old[i];
      memset (&old[i], 0,
              sizeof old[i]);
    }
  free (old);
  return 0;
}

int
table_put (struct table *table, const char *key, void *value)
{
  uint32_t hash = hash_of (key);
  struct slot *slot;

  if (table->used >= MAX_LOAD (table->size))
    {
      int failed = grow (table);
      if (failed)
        return failed;
    }
  slot = find_slot (table, key, hash);
  bool same = slot->state == SLOT_USED
              && slot->hash == hash;
  if (same)
    {
      if (table->free_value != NULL)
        table->free_value (slot->value);
      slot->value = value;
      return 0;
    }
  slot->key = strdup (key);
  if (slot->key == NULL)
    return ENOMEM;
  slot->state = SLOT_USED;
  slot->hash = hash;
  slot->value = value;
  table->used++;
  return 0;
}

const char *
table_message (int code)
{
  for (size_t i = 0; i < sizeof messages / sizeof *messages; i++)
    if (messages[i].code == code)
      return messages[i].name;
  switch (code)
    {
    case 0:
      return "all is well";
    case EINTR:
      return "interrupted";
    default:
      return "unknown";
    }
}

void
table_print (const struct table *table, FILE *out)
{
  do
    {
      fprintf (out, "%zu of %zu slots\n",
               table->used,
               table->size);
      fflush (out);
    }
  while (ferror (out) && errno == EINTR);
}
