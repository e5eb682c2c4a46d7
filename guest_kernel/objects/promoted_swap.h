// An instance that was called before its mark was in force goes to the next version with its callers inside.
#pragma once

#include "objects/class_record.h"
#include "objects/hot_swap.h"
#include "objects/translation_table.h"

namespace objects {

// Starts the swap to the next version on the way; null when there is nothing to wait for: the instance is gone, or what
// it is to be, or its swap was refused (then it is in the list Failed), or another one is under way (then it stays where
// it is). For threads that are not counted.
HotSwap* start_promoted_swap(ClassRecord& record, ReferenceName name, const SwapOptions& options, unsigned priority);
// Waits for it and puts the instance where it belongs now. False when nothing has come of it that is worth a look.
bool end_promoted_swap(ClassRecord& record, ReferenceName name, HotSwap& swap);

}
