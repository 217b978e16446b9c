// G.711: A-law and mu-law samples to linear ones and back (ITU-T G.711). Pure functions.
#pragma once
#include <cstdint>

namespace limen::media {

uint8_t to_ulaw(int16_t sample);
uint8_t to_alaw(int16_t sample);
int16_t from_ulaw(uint8_t byte);
int16_t from_alaw(uint8_t byte);

}  // namespace limen::media
