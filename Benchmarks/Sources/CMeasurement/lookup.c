#include <sqlite3.h>

#include "CMeasurement.h"

int sqlite_found(const char *file, const char *statement, const uint8_t *keys, int length, int count) {
  static sqlite3 *database;
  sqlite3_stmt *query = NULL;
  if (!database && sqlite3_open_v2(file, &database, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK) return -1;
  if (sqlite3_prepare_v2(database, statement, -1, &query, NULL) != SQLITE_OK) return -1;
  int found = 0;
  for (int i = 0; i < count; i++) {
    sqlite3_bind_blob(query, 1, keys + (size_t)i * length, length, SQLITE_STATIC);
    while (sqlite3_step(query) == SQLITE_ROW) found += sqlite3_column_int64(query, 0) >= 0;
    sqlite3_reset(query);
  }
  sqlite3_finalize(query);
  return found;
}
