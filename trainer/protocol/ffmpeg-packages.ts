/** The npm packages that `setup ffmpeg` fetches, and what is said before: the same words in a terminal and in the editor. */

/** Those that the source tree locks. */
export const ffmpegPackages = ['@ffmpeg-installer/ffmpeg@1.1.0', '@ffprobe-installer/ffprobe@2.1.2'] as const;

export const ffmpegLicenceNote =
  `ffmpeg and ffprobe come as the npm packages ${ffmpegPackages.join(' and ')}, about 140 MB on disk. ` +
  'They are builds of 2018 under the GNU General Public License, version 3. Such old builds have known holes: for videos ' +
  'from strangers, install a newer ffmpeg. Video-R1 Studio runs them as separate programs; they are no part of it.';
