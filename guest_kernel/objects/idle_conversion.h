// What a lazy update has left is converted when there is nothing else to do.
#pragma once

#include "objects/class_record.h"

namespace objects {

// A thread on each CPU, below all others, that sleeps until there is something.
Status start_idle_conversion();
// There is something.
void convert_in_idle_time();

}
