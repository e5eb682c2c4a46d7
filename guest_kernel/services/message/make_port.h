// How ports are made.
#pragma once

#include "services/message/port.h"

namespace services {

// NO_MEMORY.
kernel::Result<objects::Ref<Port>> make_port(Port::Creation creation);

}
