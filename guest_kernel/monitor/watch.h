// Counting arbiters that the monitor has put in front of objects.
#pragma once

#include "objects/reference.h"

namespace monitor {

bool is_watched(objects::Reference reference);

}
