#include "services/counter/counter.h"

namespace services {

constinit objects::Kind Counter::kind{"Counter"};

}
