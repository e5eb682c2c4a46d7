// What is in memory of files, brought to the disk.
#pragma once

#include "kernel/status.h"

namespace monitor {

// Syncs the file system and forgets its metadata; success where there is none. For threads that are not counted.
kernel::Status write_back_files();

}
