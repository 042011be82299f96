/** ffprobe's arguments for what verification wants to know of a file's tracks; the answer is JSON. */
export function probeArguments(path: string): string[] {
  const stream = 'index,codec_type,codec_name,profile,width,height,r_frame_rate,avg_frame_rate,sample_rate,channels,start_time,duration';
  return ['-v', 'error', '-show_entries', `format=start_time,duration:stream=${stream}`, '-of', 'json', path];
}

/** Every packet as a line `stream,dts` in file order (seconds; no pictures are decoded). */
export function packetArguments(path: string): string[] {
  return ['-v', 'error', '-show_entries', 'packet=stream_index,dts_time', '-of', 'csv=p=0:nk=1', path];
}
