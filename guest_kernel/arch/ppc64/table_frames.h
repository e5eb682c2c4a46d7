// Frames for page tables once the kernel's frame pool works.
#pragma once

#include <stdint.h>

#include "arch/ppc64/radix_tree.h"

namespace arch {

FrameSource& table_frames();

}
