/** Names that apps give the browser inside them; an iPhone's own browser carries none of these. */
const APPS =
  /\b(FBAN|FBAV|FB_IAB|Instagram|Snapchat|Line\/|MicroMessenger|KAKAOTALK|NAVER\(|BytedanceWebview|musical_ly|TikTok|Twitter for|Pinterest\/|LinkedInApp|Discord\/|Slack_SSB|Telegram)/i
/** Android's WebView says so itself. */
const ANDROID_WEBVIEW = /Android[^)]*;\s*wv\)/

/** Whether a user agent is a browser inside another app, where providers refuse to sign anybody in (users.md row 11). */
export function isWebview(userAgent: string): boolean {
  return APPS.test(userAgent) || ANDROID_WEBVIEW.test(userAgent)
}
