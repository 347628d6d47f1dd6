// Calls of SQLite that take a variable number of arguments, which Swift can't make.
#pragma once

struct sqlite3;

/// SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE: closing the last connection leaves the write-ahead log as it is. Returns SQLite's
/// result code.
int csqlite_keep_log_on_close(struct sqlite3 *connection);
