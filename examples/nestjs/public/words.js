// Every word of the page, in English and Korean.
const ALL = {
  en: {
    title: 'Stems', drop: 'Drop audio here, or choose files', other: '한국어', zoom: 'Zoom', again: 'Try again',
    limit: 'WAV, AIFF, FLAC, MP3, Ogg, Opus or M4A, up to {most} each', play: 'Play', pause: 'Pause', position: 'Position',
    waiting: 'Waits', uploading: 'Uploading', queued: 'Uploaded', processing: 'Working', completed: 'Done',
    duplicate: 'Already here', error: 'Failed',
    tooLarge: 'Not sent: the file has {size}, and {most} are the most.', empty: 'Not sent: the file is empty.',
    copy: 'The same file as {name}: that one stays, and this copy is removed.',
    copyElsewhere: 'The same file is in another track: that one stays, and this copy is removed.', kept: 'Kept, although the server took it for a copy.',
    twin: 'The same recording as {names}.', unreadable: 'The file cannot be read.',
    offline: 'The server cannot be reached.', reconnecting: 'The server cannot be reached; the page keeps trying.',
    refused: 'The server refused this', insecure: 'Browsers allow uploads on https and localhost only.',
    unplayable: 'This browser cannot play the file, or the sound cannot be loaded.', undrawn: 'The waveform cannot be loaded.',
    TRUNCATED: 'The file ends early or has a hole.', CHANNELS_MIXED: 'It has more than two channels; their mean is shown.',
    NON_FINITE_SAMPLES: 'Some samples are no numbers; they are silent.', ZOOM_DROPPED: 'It is too long for the finest zoom.',
    UNSUPPORTED_MEDIA: 'This is no audio file that can be used; export it as WAV, AIFF, FLAC, MP3, Ogg, Opus or M4A.',
    CORRUPT_AUDIO: 'The file is damaged; export it again.', EMPTY_AUDIO: 'The file has no sound in it.',
    AUDIO_TOO_LONG: 'The recording is too long: six hours are allowed.', FILE_TOO_LARGE: 'The file is too large.',
    EntityTooLarge: 'The file is too large.', BAD_SAMPLE_RATE: 'Its sample rate cannot be used: 4 to 768 kHz are allowed.',
    TOO_MANY_CHANNELS: 'It has too many channels: 32 are allowed.', VERDICT_TIMEOUT: 'The server gave no answer in time; upload it again.',
    NO_ANSWER: 'Nobody has said how this ended; upload it again.',
    UNKNOWN: 'Something went wrong ({code}); try again later.',
  },
  ko: {
    title: '스템', drop: '오디오를 여기에 놓거나 파일을 선택하세요', other: 'English', zoom: '확대', again: '다시 시도',
    limit: 'WAV, AIFF, FLAC, MP3, Ogg, Opus, M4A, 파일당 최대 {most}', play: '재생', pause: '일시정지', position: '재생 위치',
    waiting: '대기', uploading: '올리는 중', queued: '올렸음', processing: '처리 중', completed: '완료',
    duplicate: '이미 있음', error: '실패',
    tooLarge: '보내지 않았습니다. 파일은 {size}이고 최대 {most}까지 가능합니다.', empty: '보내지 않았습니다. 빈 파일입니다.',
    copy: '{name}와(과) 같은 파일입니다. 먼저 올린 파일을 남기고 이 사본은 지웁니다.',
    copyElsewhere: '같은 파일이 다른 트랙에 있습니다. 먼저 올린 파일을 남기고 이 사본은 지웁니다.', kept: '서버가 사본으로 보았지만 지우지 않았습니다.',
    twin: '같은 녹음: {names}.', unreadable: '파일을 읽을 수 없습니다.',
    offline: '서버에 연결할 수 없습니다.', reconnecting: '서버에 연결할 수 없습니다. 계속 시도합니다.',
    refused: '서버가 거부했습니다', insecure: '브라우저는 https와 localhost에서만 업로드를 허용합니다.',
    unplayable: '이 브라우저로 재생할 수 없거나 소리를 불러올 수 없습니다.', undrawn: '파형을 불러올 수 없습니다.',
    TRUNCATED: '파일이 중간에 끝나거나 빠진 부분이 있습니다.', CHANNELS_MIXED: '채널이 셋 이상이어서 평균을 보여 줍니다.',
    NON_FINITE_SAMPLES: '숫자가 아닌 샘플이 있어 무음으로 처리했습니다.', ZOOM_DROPPED: '너무 길어서 가장 세밀한 확대는 없습니다.',
    UNSUPPORTED_MEDIA: '사용할 수 있는 오디오 파일이 아닙니다. WAV, AIFF, FLAC, MP3, Ogg, Opus, M4A로 내보내세요.',
    CORRUPT_AUDIO: '파일이 손상되었습니다. 다시 내보내세요.', EMPTY_AUDIO: '파일에 소리가 없습니다.',
    AUDIO_TOO_LONG: '녹음이 너무 깁니다. 최대 6시간입니다.', FILE_TOO_LARGE: '파일이 너무 큽니다.',
    EntityTooLarge: '파일이 너무 큽니다.', BAD_SAMPLE_RATE: '사용할 수 없는 샘플 레이트입니다. 4~768 kHz만 가능합니다.',
    TOO_MANY_CHANNELS: '채널이 너무 많습니다. 최대 32개입니다.', VERDICT_TIMEOUT: '서버가 제때 답하지 않았습니다. 다시 올리세요.',
    NO_ANSWER: '어떻게 끝났는지 알 수 없습니다. 다시 올리세요.',
    UNKNOWN: '문제가 생겼습니다({code}). 나중에 다시 시도하세요.',
  },
};

export const language = localStorage.getItem('language') ?? (navigator.language.startsWith('ko') ? 'ko' : 'en');
export const words = ALL[language];

/** Put values into a sentence of the page. */
export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
/** Say an error's or a warning's code in words. */
export const sentence = (code) => words[code] ?? fill(words.UNKNOWN, { code });
export const megabytes = (bytes) => `${Number((bytes / 2 ** 20).toFixed(1))} MB`;
/** Say a time as 3:07, or as 3:07.4 with one digit. */
export function clock(seconds, digits = 0) {
  const units = Math.floor(seconds * 10 ** digits + 1e-6); // 0.3 is a little less than three tenths
  const rest = (units / 10 ** digits) % 60;
  return `${Math.floor(units / 10 ** digits / 60)}:${rest.toFixed(digits).padStart(digits ? digits + 3 : 2, '0')}`;
}
